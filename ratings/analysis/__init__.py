"""The statistics workshop: ratings as arrays in, opinion scores with their intervals out; no Django."""
