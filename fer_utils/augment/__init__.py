"""Changes to images that leave the expression as it is.

``fer_utils.augment.bank`` has them by name, for one image at a time; ``fer_utils.augment.layers``
as presets of Keras layers that run inside the training step.
"""
