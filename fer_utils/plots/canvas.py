"""What all figures share: colours, new axes."""

INK = "#1b4965"  # one colour for one series
ACCENT = "#c8553d"  # what the text speaks of
# Several series: told apart also by those who do not see red and green (after Okabe and Ito).
COLOURS = (INK, ACCENT, "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#9aa5b1", "#000000")


def colour(place):
    """Return the colour of the series with this number, from 0 on; after the last they repeat."""
    return COLOURS[place % len(COLOURS)]


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
