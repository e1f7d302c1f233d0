"""Collects what is wrong with an exchange, each with the place and the rule."""

# Stands for a value that could not be decoded. Its problem is already recorded,
# so later checks pass over it instead of reporting it twice.
BROKEN = object()


class Problems:
    """The violations of one exchange, in the order they were found."""

    def __init__(self):
        self.found = []

    def add(self, path, rule, detail):
        """Records that the value at `path` breaks `rule`; `detail` says how."""
        self.found.append((path, rule, detail))

    def broken(self, path, rule, detail):
        """Records a value that cannot be decoded and returns what stands for it."""
        self.add(path, rule, detail)
        return BROKEN


def member(path, name):
    """The JSON path of a structure's member."""
    return f"{path}.{name}"


def item(path, index):
    """The JSON path of a list's item."""
    return f"{path}[{index}]"


def entry(path, key):
    """The JSON path of a map's value."""
    return f"{path}[{key!r}]"


def brief(value, limit=60):
    """A value as it appears in a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
