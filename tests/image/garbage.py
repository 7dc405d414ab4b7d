"""Files that a tired person, a broken editor or a hostile one could leave behind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from plc.image.marked_yaml import Node

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def damage(data: st.DataObject, content: Any, depth: int = 6) -> None:
    """Replaces, adds or removes one thing at a random place of nested data."""
    place = content
    for _ in range(data.draw(st.integers(0, depth))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        inner = place[data.draw(st.sampled_from(keys))]
        if not isinstance(inner, (dict, list)):
            break
        place = inner
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    if isinstance(place, dict) and data.draw(st.integers(0, 5)) == 0:
        place[data.draw(st.text(max_size=6))] = data.draw(VALUES)
    elif keys:
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.integers(0, 3)) == 0:
            del place[key]
        else:
            place[key] = data.draw(VALUES)


def tree(content: Any) -> Node:
    """Nested data as the YAML reader would give it, without places."""
    if isinstance(content, dict):
        return Node({str(key): tree(value) for key, value in content.items()}, 1, 1)
    if isinstance(content, list):
        return Node([tree(value) for value in content], 1, 1)
    return Node(content, 1, 1)
