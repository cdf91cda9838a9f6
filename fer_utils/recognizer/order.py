"""The order of a photograph's faces, the web page's too (webapp/src/boxes.js)."""


def in_reading_order(faces):
    """Return faces as one reads: row by row, each from left to right.

    Args:
        faces: iterable of whatever has a ``box`` ``(x, y, width, height)``.
    """
    rows = []
    for face in sorted(faces, key=lambda face: face.box[1]):
        # Side by side with the highest of a row, were it but a little.
        if rows and face.box[1] < rows[-1][0].box[1] + rows[-1][0].box[3]:
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box[0])]
