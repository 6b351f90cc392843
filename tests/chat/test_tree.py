import pytest

from chat.tree import Node, Tree, Versions, fork

#  1 - 2 - 3 - 4
#    |     ` 7 - 8
#    ` 5 (does not count)
#    ` 6 - 9
TREE = Tree.of(
    [
        Node(1, None),
        Node(2, 1),
        Node(3, 2),
        Node(4, 3),
        Node(5, 1, counts=False),
        Node(6, 1),
        Node(7, 2),
        Node(8, 7),
        Node(9, 6),
    ]
)


@pytest.mark.parametrize(
    ("head", "path"), [(None, []), (1, [1]), (4, [1, 2, 3, 4]), (8, [1, 2, 7, 8]), (5, [1, 5]), (77, [])]
)
def test_path_leads_from_the_first_message_to_the_head(head: int | None, path: list[int]) -> None:
    assert TREE.path(head) == path


@pytest.mark.parametrize(
    ("message", "versions"),
    [
        (1, Versions((1,), 1)),
        (2, Versions((2, 6), 1)),
        (6, Versions((2, 6), 2)),
        (5, Versions((2, 5, 6), 2)),
        (7, Versions((3, 7), 2)),
        (8, Versions((8,), 1)),
    ],
)
def test_versions_are_siblings_that_count_and_the_message_itself(message: int, versions: Versions) -> None:
    assert TREE.versions(message) == versions


def test_versions_know_their_neighbours() -> None:
    assert [(each.previous, each.next) for each in (Versions((2, 5, 6), n) for n in (1, 2, 3))] == [
        (None, 5),
        (2, 6),
        (5, None),
    ]


@pytest.mark.parametrize(("message", "leaf"), [(1, 9), (2, 8), (3, 4), (4, 4), (6, 9)])
def test_leaf_follows_the_newest_at_each_step(message: int, leaf: int) -> None:
    assert TREE.leaf(message) == leaf


@pytest.mark.parametrize(
    ("shown", "wanted", "common"),
    [([], [], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 2], 2), ([1, 2, 3], [1, 5], 1), ([7], [8], 0)],
)
def test_fork_counts_what_two_paths_share(shown: list[int], wanted: list[int], common: int) -> None:
    assert fork(shown, wanted) == common
