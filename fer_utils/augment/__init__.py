"""Changes to images that leave the expression as it is."""
