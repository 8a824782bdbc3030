"""Runs the workshop and records what it made: the one place that touches both halves of distillation."""
