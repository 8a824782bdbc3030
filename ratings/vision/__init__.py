"""Pictures that the program draws to learn what a rater's eyes and screen can show (pure: no Django)."""
