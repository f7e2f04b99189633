"""The rooms of the package, from the top of the house down."""

# A room imports from its own and from levels below it: never up, never sideways.
LEVELS = [
    {"cli"},
    {"commands"},
    {"cluster"},
    {"sharing", "lm", "motifs", "variants"},
    {"evaluation", "training", "interpret"},
    {"models", "datasets", "scoring"},
    {"layers", "weights", "building", "pictures"},
    {"io"},
    {"windows"},
    {"encode", "metrics", "quiet_keras", "settings"},
    {"losses"},
    {"genome", "scores"},
    {"arguments", "errors", "lazy_names", "progress"},
]


def room(module):
    return module.partition(".")[0]


def level(name):
    return next(i for i, rooms in enumerate(LEVELS) if name in rooms)
