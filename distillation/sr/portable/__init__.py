"""Networks that leave: written for other people's tools, and read back without trusting them."""
