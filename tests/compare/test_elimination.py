"""`eliminate`: counts from the literature and by brute force, one Jacobian whatever the order, pictures and pages of every step."""

from __future__ import annotations

import io
import re
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.compare import Elimination, LinearGraph, eliminate, graph_of, orders
from tinygrad_edu.compare._elimination_search import LIMIT, ORDERS
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError, UnsupportedError

LION = [(-1, 1), (0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (2, 5), (2, 6)]


def costs(graph: Any, *inputs: Any, **options: Any) -> list[int]:
    """The multiplications of forward, reverse, Markowitz's and the best order."""
    return [orders(graph, *inputs, **options)[name].multiplications for name in ORDERS]


def bow_tie(n: int, m: int) -> LinearGraph:
    """n inputs, each with a vertex of its own, one waist, and m outputs likewise."""
    before = [edge for i in range(n) for edge in ((f"x{i}", f"u{i}"), (f"u{i}", "w"))]
    return LinearGraph.from_edges(before + [edge for k in range(m) for edge in (("w", f"z{k}"), (f"z{k}", f"y{k}"))])


def product(n: int) -> LinearGraph:
    """x₁ · x₂ · … · xₙ, factor by factor: Speelpenning's example."""
    edges = [
        ("x1", "v1"),
        *((f"x{i + 1}", f"v{i}") for i in range(1, n)),
        *((f"v{i}", f"v{i + 1}") for i in range(1, n - 1)),
    ]
    return LinearGraph.from_edges(edges)


def layers(*sizes: int) -> LinearGraph:
    """Vertices in layers, each joined to all of the next."""
    edges = [
        (f"{at}:{i}", f"{at + 1}:{k}")
        for at in range(len(sizes) - 1)
        for i in range(sizes[at])
        for k in range(sizes[at + 1])
    ]
    return LinearGraph.from_edges(edges)


# What each was checked by is at its end; the best order of all but the largest by trying all of them, below.
KNOWN = {
    "lion": (LinearGraph.from_edges(LION), 12, 12, 12, 12),  # Naumann 2004; by hand: 2·2 + 2·4 and 1·4 + 2·4
    "bow tie, 3 and 3": (bow_tie(3, 3), 3 + 9 + 9, 3 + 9 + 9, 15, 15),  # n + nm + nm; the best is n + m + nm
    "bow tie, 2 and 4": (bow_tie(2, 4), 2 + 8 + 8, 4 + 8 + 8, 14, 14),
    # 2 + 3 + … against 2 + 2 + …; by Markowitz v1, v3, v5 (2 each, as all of them cost at first), then v2 (3) and v4 (5).
    "product of 7": (product(7), 7 * 6 // 2 - 1, 2 * 5, 2 + 2 + 2 + 3 + 5, 2 * 5),
    "small waist": (layers(4, 1, 3, 4), 12 + 48, 12 + 16, 28, 28),  # brackets (4·3)·1 first, then the waist
    # By hand: 3 + 1 + 2; 3 + 1 + 1; the best takes 2 (1), then 3 (2), then 1 (1); Markowitz 2, 1 and then 3.
    "none of three": (LinearGraph.from_edges([(-1, 1), (1, 2), (0, 3), (1, 3), (2, 3), (1, 4), (3, 4)]), 6, 5, 5, 4),
    # By hand: with 3 gone, 2 still has both 3, as the output that it is, and 4 behind it: 1 + 2·2 against 2·1 + 2·1.
    "an output used further": (LinearGraph.from_edges([(-1, 2), (0, 2), (2, 3), (3, 4)], outputs=[3, 4]), 4, 5, 5, 4),
    "greed": (LinearGraph.from_edges([(-1, 1), (0, 2), (1, 2), (1, 3), (2, 3)]), 4, 3, 4, 3),  # by hand: a tie, badly broken
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_the_counts_are_those_of_the_literature(name: str) -> None:
    graph, *expected = KNOWN[name]
    assert costs(graph) == expected
    if len(graph.intermediates) <= 6:
        assert expected[-1] == min(eliminate(graph, order=o).multiplications for o in permutations(graph.intermediates))


def test_single_edges_beat_vertices_on_the_lion() -> None:
    """Naumann 2004: 11 multiplications against 12. By trying all orders of front and back eliminations."""

    @cache
    def least(edges: frozenset[tuple[int, int]]) -> int:
        for j in (1, 2):  # what has lost all its ways in, or out, is gone
            if any(k == j for _, k in edges) != any(i == j for i, _ in edges):
                return least(frozenset(edge for edge in edges if j not in edge))
        found = []
        for i, k in edges:
            if k in (1, 2):
                after = {b for a, b in edges if a == k}
                found.append(len(after) + least(edges - {(i, k)} | {(i, b) for b in after}))
            if i in (1, 2):
                before = {a for a, b in edges if b == i}
                found.append(len(before) + least(edges - {(i, k)} | {(a, k) for a in before}))
        return min(found, default=0)

    assert least(frozenset(LION)) == 11


def test_a_chain_of_blocks_is_the_matrix_chain_of_the_textbook() -> None:
    """Cormen, Leiserson, Rivest, Stein, section 15.2: 15,125 at best; from the left 40,500."""
    sizes = [30, 35, 15, 5, 10, 20, 25]
    chain = LinearGraph.from_edges([(i, i + 1) for i in range(6)], sizes=dict(enumerate(sizes)))

    @cache
    def best(i: int, k: int) -> int:
        return min((best(i, j) + best(j, k) + sizes[i] * sizes[j] * sizes[k] for j in range(i + 1, k)), default=0)

    assert best(0, 6) == 15_125
    assert costs(chain) == [40_500, 47_500, 50_625, 15_125]


def test_blocks_cost_what_their_scalars_cost() -> None:
    sizes = (3, 2, 4, 2)
    chain = LinearGraph.from_edges([(i, i + 1) for i in range(3)], sizes=dict(enumerate(sizes)))
    for order in ("forward", "reverse"):
        blocks, scalars = eliminate(chain, order=order), eliminate(layers(*sizes), order=order)
        assert (blocks.multiplications, blocks.additions) == (scalars.multiplications, scalars.additions)


# -- graphs at random ----------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: Any) -> LinearGraph:
    n, k, m = (draw(st.integers(1, most)) for most in (3, 6, 3))
    pairs = [(a, b) for b in range(n, n + k + m) for a in range(min(b, n + k))]
    kept = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=20, unique=True))
    vertices = sorted({v for edge in kept for v in edge})
    targets, sources = {b for _, b in kept}, {a for a, _ in kept}
    outputs = [v for v in vertices if v not in sources]
    outputs += draw(
        st.lists(st.sampled_from(sorted(targets)), max_size=1)
    )  # one that is used further, or is there twice
    sizes = draw(st.sampled_from([None, {v: 1 + v * 7 % 5 for v in vertices}]))
    numbers = np.random.default_rng(draw(st.integers(0, 9))).uniform(-2, 2, len(kept))
    edges = [(a, b, float(c)) for (a, b), c in zip(kept, numbers, strict=True)]
    return LinearGraph.from_edges(edges, outputs=outputs, sizes=sizes)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_the_search_finds_the_best_of_all_orders(graph: LinearGraph) -> None:
    every = [eliminate(graph, order=order).multiplications for order in permutations(graph.intermediates)]
    found = eliminate(graph, order="optimal")
    assert found.multiplications == min(every)
    assert all(found.multiplications <= cost for cost in costs(graph))


@settings(max_examples=150, deadline=None)
@given(graphs(), st.randoms())
def test_every_order_ends_at_the_sum_over_all_paths(graph: LinearGraph, random: Any) -> None:
    graph = LinearGraph(graph.partials, graph.inputs, graph.outputs)  # without sizes
    local = np.zeros((len(graph.vertices),) * 2)
    at = {v: i for i, v in enumerate(graph.vertices)}
    for (i, k), partial in graph.partials.items():
        local[at[k], at[i]] = partial
    total = np.linalg.inv(np.eye(len(local)) - local)  # 1 + C + C² + …, all paths of all lengths
    expected = total[np.ix_([at[v] for v in graph.outputs], [at[v] for v in graph.inputs])]
    given_order = list(graph.intermediates)
    random.shuffle(given_order)
    for order in (*ORDERS, given_order):
        np.testing.assert_allclose(eliminate(graph, order=order).jacobian, expected, rtol=1e-10, atol=1e-10)


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_the_steps_add_up(graph: LinearGraph) -> None:
    found = eliminate(graph)
    edges = dict(graph.partials)
    for step in found.steps:
        size = graph.sizes
        weight = sum(size[i] * size[k] for i in step.predecessors for k in step.successors)
        assert step.multiplications == size[step.vertex] * weight
        assert len(step.made) + len(step.changed) == len(step.predecessors) * len(step.successors)
        assert not set(step.made) & set(edges)
        assert set(step.changed) <= set(edges)
        assert step.additions == sum(size[i] * size[k] for i, k in step.changed) + (size[step.vertex] - 1) * weight
        edges.update(step.partials)
        edges = {
            (i, k): c for (i, k), c in edges.items()
            if i != step.vertex and (k != step.vertex or k in graph.outputs)
        }  # fmt: skip
    assert found.multiplications == sum(step.multiplications for step in found.steps)
    assert [step.total for step in found.steps][-1:] == [found.multiplications][: len(found.steps)]
    assert {i for i, _ in edges} <= set(graph.inputs)


# -- graphs of functions -------------------------------------------------------------------------------------------


def tensor(*shape: int, low: float = -2.0) -> tg.Tensor:
    return tg.tensor(np.random.default_rng(len(shape)).uniform(low, 2.0, shape))


def written(x: Any) -> Any:
    y = x * 2
    y[1] = x[0] * x[2]
    return tg.sin(y)


def many(x: Any) -> Any:
    for _ in range(2001):
        x = tg.sin(x)
    return x


def model() -> Any:
    tg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net


# What the function does, the inputs, and how many edges its graph has.
FUNCTIONS: dict[str, tuple[Any, list[tg.Tensor], int]] = {
    "Baydin et al.": (lambda a, b: tg.log(a) + a * b - tg.sin(b), [tensor(low=1.0), tensor(low=1.0)], 8),
    "elementwise, broadcast": (lambda x, y: tg.sin(x + y), [tensor(2, 1), tensor(3)], 12 + 6),
    "one value twice": (lambda x: x * x, [tensor(4)], 4),
    "sum": (lambda x: (x * 2).sum(0), [tensor(2, 3)], 6 + 6),
    "matmul": (lambda x, w: x @ w, [tensor(2, 3), tensor(3, 2)], 4 * 6),
    "matmul by a constant with zeros": (lambda x: np.triu(np.ones((3, 3))) @ x, [tensor(3)], 3 + 2 + 1),
    "only moved": (lambda x: tg.sin(x.T.reshape(-1)[1:4]), [tensor(2, 3)], 3),
    "joined": (lambda x: np.concatenate([x, tg.sin(x)]), [tensor(3)], 3),
    "softmax": (lambda x: tg.softmax(x), [tensor(3)], 9),
    "sort": (lambda x: np.sort(x) * 2, [tensor(4)], 4),
    "matmul of zeros": (lambda x, w: x @ w, [tg.zeros(2, 3, dtype=tg.float64), tg.zeros(3, dtype=tg.float64)], 2 * 6),
    "relu": (lambda x: tg.relu(x), [tensor(4)], 4),
    "detached": (lambda x: x.detach() * x, [tensor(3)], 3),
    "a derivative in it": (lambda x: tg.func.grad(lambda z: (tg.sin(z) * z).sum())(x), [tensor(2)], 2 * 8),
    "unused": (lambda x: (tg.exp(x), tg.sin(x))[1], [tensor(2)], 2),
    "an input as it is": (lambda x: (x, tg.sin(x)), [tensor(2)], 2),
    "an output used further": (lambda x: (lambda y: (y, tg.exp(y)))(tg.sin(x)), [tensor(2)], 4),
    "inverse of a diagonal": (lambda x: np.linalg.inv(x), [tg.tensor(np.diag([1.0, 2.0]))], 4 * 4),
    "written to": (written, [tensor(3)], 7),
    "a network": (model(), [tensor(3)], 3 * 4 + 4 + 4 * 2),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_jacobian_is_that_of_reverse_mode(name: str) -> None:
    f, inputs, edges = FUNCTIONS[name]

    def flat(*xs: Any) -> Any:
        ys = f(*xs)
        return np.concatenate([y.reshape(-1) for y in (ys if isinstance(ys, tuple) else (ys,))])

    blocks = tg.func.jacrev(flat, argnums=tuple(range(len(inputs))))(*inputs)
    expected = np.concatenate([b.numpy().reshape(len(b), -1) for b in blocks], axis=1)
    graph = graph_of(f, *inputs)
    assert len(graph.edges) == edges, graph.edges
    for order in ("forward", "reverse", "markowitz"):
        found = eliminate(f, *inputs, order=order)
        assert found.jacobian.shape == graph.shape == expected.shape
        np.testing.assert_allclose(found.jacobian, expected, rtol=1e-12, atol=1e-12)


def test_numbers_are_differentiated_and_labels_held() -> None:
    np.testing.assert_allclose(eliminate(lambda a, b: a * b, 2, 5.0).jacobian, [[5.0, 2.0]])
    assert eliminate(lambda x, at: x[at], tensor(3), np.array([2, 0])).jacobian.shape == (2, 3)


def test_an_order_by_array_counts_dense_blocks() -> None:
    w1, w2, w3 = tensor(100, 4), tensor(4, 50), tensor(50, 20)
    f = lambda x: (x.reshape(1, -1) @ w1 @ w2).T.reshape(-1) @ w3
    found = orders(f, tensor(100), by="array")
    assert [found.graph.sizes[v] for v in found.graph.vertices] == [100, 4, 50, 20]  # moving makes no vertices
    assert costs(f, tensor(100), by="array") == [
        100 * 4 * 50 + 100 * 50 * 20, 4 * 50 * 20 + 100 * 4 * 20, 4 * 50 * 20 + 100 * 4 * 20, 4 * 50 * 20 + 100 * 4 * 20,
    ]  # fmt: skip
    assert not found.graph.has_numbers
    part = graph_of(lambda x: tg.sin(x[:2]), tensor(4), by="array")
    assert [part.sizes[v] for v in part.vertices] == [4, 2, 2]  # a slice isn't a mere move


# -- what is refused -----------------------------------------------------------------------------------------------

PAIRS = [(0, 1), (1, 2)]
WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "an order": (lambda: eliminate(LinearGraph.from_edges(LION), order="sideways"), ConfigError, "sideways.*forward, reverse"),
    "a strange vertex": (lambda: eliminate(LinearGraph.from_edges(LION), order=[1, 2, 3]), ConfigError, "3 is no intermediate"),
    "a vertex missing": (lambda: eliminate(LinearGraph.from_edges(LION), order=[2]), ConfigError, "1 is missing"),
    "a vertex twice": (lambda: eliminate(LinearGraph.from_edges(LION), order=[2, 1, 2]), ConfigError, "occurs twice"),
    "a graph and inputs": (lambda: orders(LinearGraph.from_edges(LION), 1.0), ConfigError, "1 inputs after it"),
    "no edges": (lambda: LinearGraph.from_edges([]), ConfigError, "no edges"),
    "an edge twice": (lambda: LinearGraph.from_edges([*PAIRS, (0, 1)]), ConfigError, "given twice"),
    "some partials": (lambda: LinearGraph.from_edges([(0, 1, 2.0), (1, 2)]), ConfigError, r"\(1, 2\) has no partial"),
    "a circle": (lambda: LinearGraph.from_edges([*PAIRS, (2, 1)]), GraphError, "circle"),
    "an edge to an input": (lambda: LinearGraph.from_edges(PAIRS, inputs=[0, 1]), ConfigError, "1 is an input"),
    "an unknown output": (lambda: LinearGraph.from_edges(PAIRS, outputs=[9]), ConfigError, "9"),
    "a size of nothing": (lambda: LinearGraph.from_edges(PAIRS, sizes={1: 0}), ConfigError, "size 0"),
    "no partials": (lambda: eliminate(LinearGraph.from_edges(PAIRS)).jacobian, GraphError, "no partials"),
    "too many elements": (lambda: eliminate(tg.exp, tensor(1001)), ConfigError, "2,002 numbers.*2,000.*by='array'"),
    "too many arrays": (lambda: eliminate(many, tensor(2), by="array"), ConfigError, "2,001 arrays.*2,000"),
    "another by": (lambda: eliminate(tg.exp, tensor(2), by="row"), ConfigError, "element.*array"),
    "no floats": (lambda: eliminate(lambda x: x, np.arange(3)), ShapeError, "eliminate: none of the inputs"),
    "complex inside": (lambda: eliminate(lambda x: np.abs(tg.exp(x * 1j)), tensor(2)), UnsupportedError, "complex"),
    "a step too far": (lambda: eliminate(LinearGraph.from_edges(LION)).svg(3), ConfigError, "0 to 2"),
    "too many for the search": (lambda: eliminate(product(24), order="optimal"), ConfigError, rf"22 of 22.*limit is {LIMIT}"),
    "too large a picture": (lambda: eliminate(product(60)).svg(), ConfigError, "119 vertices.*80"),
    "another ending": (lambda: eliminate(LinearGraph.from_edges(LION)).draw("lion.gif"), ConfigError, "svg"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_refused_says_what_to_do(what: str) -> None:
    do, error, words = WRONG[what]
    with pytest.raises(error, match=words):
        do()


def test_parts_that_do_not_hang_together_are_searched_apart() -> None:
    f = lambda x: tg.sin(tg.exp(tg.cos(x))) * 2
    found = eliminate(f, tensor(10), order="optimal")
    assert (len(found.order), found.multiplications) == (30, 30)
    assert "optimal" not in orders(product(24)).eliminations
    assert str(LIMIT) in str(orders(product(24)))


# -- how it is shown -----------------------------------------------------------------------------------------------


def baydin(order: str = "reverse") -> Elimination:
    f, inputs, _ = FUNCTIONS["Baydin et al."]
    return eliminate(f, *inputs, order=order)


def marked(svg: str, state: str) -> set[str]:
    return set(re.findall(rf'<g id="([^"]+)" class="(?:edge|node \w+) {state}"', svg))


def test_each_step_is_drawn_with_what_it_did(tmp_path: Path) -> None:
    found = baydin()
    assert found.order == (4, 3, 2, 1)
    svg = found.svg(2)
    number = {v: at for at, v in enumerate(found.graph.vertices)}
    step = found.steps[1]
    assert marked(svg, "current") == {f"n{number[3]}"}
    assert marked(svg, "gone") == {f"n{number[4]}"}
    assert marked(svg, "made") == {f"e{number[i]}-{number[k]}" for i, k in step.made}
    assert marked(svg, "past") == {f"e{number[i]}-{number[3]}" for i in (1, 2)} | {f"e{number[3]}-{number[5]}"}
    assert marked(found.svg(3), "changed") == {f"e{number[i]}-{number[k]}" for i, k in found.steps[2].changed} != set()
    assert "Eliminate v₃: 2 × 1 = 2, 3 so far." in svg
    assert marked(found.svg(0), "current") == set()
    assert found.draw(tmp_path / "a.svg", 2).read_text(encoding="utf-8") == svg


def test_the_picture_in_the_documentation_is_made_by_the_code() -> None:
    """Where things lie depends on the layout program; what is drawn doesn't."""
    f = lambda x: tg.sin(tg.exp(x).sum() * np.array([1.0, 2.0, 3.0]))
    made = eliminate(f, tg.tensor(np.array([0.1, 0.2, 0.3])), order="optimal").svg(6)
    kept = (Path(__file__).parents[2] / "docs" / "elimination.svg").read_text(encoding="utf-8")
    for what in (r'<g id="[^"]+" class="[^"]*"', r"<style>.*</style>", r">([^<>]+)</text>"):
        assert re.findall(what, made, re.DOTALL) == re.findall(what, kept, re.DOTALL)


def test_the_tables() -> None:
    found = orders(bow_tie(3, 3))
    assert [line.split()[:2] for line in str(found).splitlines()[2:]] == [
        ["forward", "21"], ["reverse", "21"], ["markowitz", "15"], ["optimal", "15"],
    ]  # fmt: skip
    assert "| forward | 21 | 1.40 | 0 | 21 |" in found.markdown
    assert str(found["optimal"]).splitlines()[-1].split() == ["w", "3", "×", "3", "=", "9", "15"]
    assert str(eliminate(product(60))).splitlines()[-1] == "… and 18 more steps"
    console = pytest.importorskip("rich.console").Console(width=100, record=True, file=io.StringIO())
    console.print(found)
    assert "markowitz" in console.export_text()


def test_a_page_holds_every_order_and_escapes_names(tmp_path: Path) -> None:
    graph = LinearGraph.from_edges([("<b>", "{{js}}"), ("{{js}}", "</script>")])
    page = eliminate(graph).play(tmp_path / "play.html")
    assert (tmp_path / "play.html").read_text(encoding="utf-8") == page.html
    assert "<b>" not in page.html
    assert page.html.count("</script>") == 2
    assert all(f'data-order="{name}"' in page.html for name in ORDERS)
    assert 'data-order="given"' in eliminate(graph, order=["{{js}}"]).play().html
    assert 'data-order="optimal"' not in eliminate(product(24)).play().html
    assert eliminate(product(60))._repr_svg_() is None
