"""Executes the notebooks in the order of what they need, and reports on them.

``suite`` is the table of notebooks, ``manifest`` says which of them are up to date, ``runner``
plans and runs, ``execute`` and ``kernel`` run one notebook, ``display`` shows how far it is,
``results`` and ``report`` gather what came out.
"""
