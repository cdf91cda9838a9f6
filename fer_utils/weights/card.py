"""The card of a network that ships: what it is, how good it is, what it must not be used for."""

from fer_utils.models import Recipe

_LIMITS = """\
## Limits

- **An expression is not a feeling.** The network names what a face looks like to those who
  labelled FER2013; it does not know what anybody feels.
- **FER2013's labels are often wrong or arguable.** Its images were found on the web by search
  words; people agree with its labels in some 65 of 100 cases (Goodfellow et al. 2013).
- **One grey face, cut out, from the front.** It was trained on crops of {side}x{side} pixels that
  a face fills. Photographs need a face detector first; profiles and covered faces are judged
  worse.
- **Not examined: age, skin colour, sex, culture.** The data do not tell them. Expect differences.
- **Rare emotions are missed more often**: see the table above.

Not for decisions about people. In the European Union inferring emotions at work and in schools
is prohibited but for medical and safety reasons (Regulation 2024/1689, Article 5). Fit for
learning, for research on FER2013, and for play with one's own face.
"""


def card(name, told, size):
    """Return the card as Markdown.

    Args:
        name: str.
        told: dict, see ``shipping.ship``.
        size: bytes of the file.
    """
    scores = told["scores"]
    lines = [
        f"# {name}",
        "",
        f"`{told['network']}`, {told['parameters']:,} weights, {size / 1e6:.1f} MB in float16: "
        f"{told['input'][0]}x{told['input'][1]} grey pixels 0-255 in, probabilities of "
        f"{', '.join(told['classes'])} out.",
        "",
        "```python",
        "import fer_utils",
        "",
        f'network = fer_utils.load_pretrained("{name}")',
        "probabilities = network.predict(images)  # (n, height, width, 1)",
        "```",
        "",
        "## Scores",
        "",
        f"On FER2013's PublicTest, {scores['n']:,} images that were neither fitted nor chosen by: "
        f"accuracy **{scores['accuracy']:.3f} ± {scores['standard_error']:.3f}**, "
        f"{scores['accuracy_without_twins']:.3f} without images identical to a fitted one, "
        f"macro F1 {scores['macro_f1']:.3f}. Each image was asked about once, as it is.",
        "",
        "| emotion | images | recall | precision |",
        "|---|---|---|---|",
        *(_row(of, row) for of, row in scores["classes"].items()),
        "",
        "## Training",
        "",
        *_training(told),
        "",
        _LIMITS.format(side=told["input"][0]),
    ]
    return "\n".join(lines)


def _row(emotion, row):
    precision = "never answered" if row["precision"] is None else f"{row['precision']:.2f}"
    recall = f"{row['recall']:.2f} ± {row['recall_error']:.2f}"
    return f"| {emotion} | {row['rows']} | {recall} | {precision} |"


def _training(told):
    recipe = told["recipe"]
    usual = Recipe(recipe["optimizer"], recipe["learning_rate"])
    own = {key: value for key, value in recipe.items() if value != getattr(usual, key)}
    said = f"{recipe['optimizer']}, learning rate {recipe['learning_rate']:g}, "
    said += ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in sorted(own.items()))
    taught = "to their labels"
    if told["teachers"]:
        taught = f"to what {' and '.join(told['teachers'])} say of them, mixed with their labels"
    return [
        f"- Fitted {taught}: FER2013's Training, {told['fitted']:,} images, no other faces, no "
        "pretrained weights.",
        f"- Recipe: {said}; seed {told['seed']}. The last epoch is kept.",
        f"- {told['train_seconds']:,.0f} s on {told['device']}, {told['backend']}, commit "
        f"{told['commit']}, {told['finished'][:10]}.",
    ]
