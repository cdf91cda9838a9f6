"""What all figures share: two colours, new axes."""

INK = "#1b4965"  # one colour for one series
ACCENT = "#c8553d"  # what the text speaks of


def new_axes(width, height):
    """Return the axes of a new figure of so many inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def new_grid(rows, columns, size):
    """Return the array of axes ``(rows, columns)`` of a new figure of ``size`` inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, figsize=size, dpi=72, squeeze=False, layout="constrained")[
        1
    ]
