"""Public data sets: where they are published, how they arrive whole, and the folders they become."""
