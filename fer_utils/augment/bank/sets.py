"""Who used which transforms: tuples of names, a repeated name is a further copy."""

_HAND = (
    "mirror",
    "dilate",
    "erode",
    "dilate_twice",
    "sharpen",
    "enhance_edges",
    "motion_blur_15",
    "motion_blur_30",
)
# Its list named reflectY twice: nine copies by eight transforms.
_NINE = (*_HAND, "mirror")


def _rotations(*degrees):
    sides = (("left" if d > 0 else "right", abs(d)) for d in degrees)
    return tuple(f"rotate_{side}_{d}" for side, d in sides)


SETS = {
    "seed000_hand": _HAND,
    "seed000_9": _NINE,
    "seed000_19": (*_NINE, *["random_generator"] * 10),
    "seed000_21": (*_NINE, *["random_generator"] * 12),
    # Beyond what seed 000 could hold in memory, by its own rule.
    "seed000_40": (*_NINE, *["random_generator"] * 31),
    "302_WU": ("random_generator",) * 10,
    # Without its three copies that changed nothing (standardise is what one was meant to be).
    "420": (
        "random_rotation",
        "random_shift",
        "random_channel_shift",
        "random_flip",
        "standardise",
        "random_shear_zoom",
        "invert",
        "gaussian_blur_5",
    ),
    "JN721": (
        "mirror",
        *_rotations(-10, -5, 5, 10),
        "crop_8",
        "crop_10",
        "crop_12",
        *["random_scale_down"] * 2,
    ),
    "cBuckley": (
        "skew_1",
        "skew_2",
        "skew_3",
        *_rotations(75, 150, 225, 300),
        "perspective_1",
        "perspective_2",
        "perspective_3",
    ),
    # All ten of his own file, of which seed 000 used eight.
    "dwdii": (*_HAND, "median_blur", "rotate_zoom_5"),
    "en4242": (
        "mirror",
        "flip_vertical",
        *_rotations(15, -15, 30, -30),
        "shift_down_right",
        "shift_up_left",
        "box_blur",
        "gaussian_blur",
        "bilateral",
    ),
    "jhamski": (
        "turn_45",
        "turn_45_back",
        "shear_50",
        "shear_50_back",
        *_rotations(30, 90, 120, 180, 210, 270, 300),
    ),
    # Without its grey-to-RGB, which changes no value.
    "sahuja": (
        "double_size",
        "shift_far",
        *_rotations(90, 180),
        "erode",
        "dilate",
        "opening",
        "closing",
        "skew_4",
        "perspective_4",
        "box_blur",
    ),
}
