"""XRAI's choice of regions, with running sums."""

import numpy as np


def grown(attr, segs, gain_fun=None, area_perc_th=1.0, min_pixel_diff=50, integer_segments=True):
    """Return the map of ``saliency.XRAI``'s ``_xrai``, whose place it takes.

    Regions are taken in turn, each time the one whose pixels that are new speak most for the
    class in the mean. PAIR's loop counts every region's new pixels at every step, in tens of
    thousands of small calls a face; here each pixel is subtracted once, when it is taken.

    Args:
        attr: float ``(height, width)``, integrated gradients.
        segs: bool masks ``(height, width)``, the regions.
        gain_fun: there for PAIR's sake, as are area_perc_th and integer_segments; not used.
        area_perc_th: see gain_fun.
        min_pixel_diff: int, a region with fewer new pixels is left out.
        integer_segments: see gain_fun.

    Returns:
        float ``(height, width)``, and None for the order of the regions.
    """
    values, inside = attr.ravel().astype(float), np.stack(segs, axis=-1).reshape(attr.size, -1)
    counts, sums = inside.sum(axis=0), values @ inside  # of each region's new pixels
    new, grown_map = np.ones(attr.size, bool), np.empty(attr.size)
    while (counts >= min_pixel_diff).any():
        gains = np.full(len(counts), -np.inf)
        np.divide(sums, counts, out=gains, where=counts >= min_pixel_diff)
        best = np.argmax(gains)
        added = new & inside[:, best]
        grown_map[added] = gains[best]
        new &= ~added
        counts = counts - inside[added].sum(axis=0)
        sums = sums - values[added] @ inside[added]
    grown_map[new] = values[new].mean() if new.any() else 0
    return grown_map.reshape(attr.shape), None
