"""What `compare` says of functions that need a warning: branches, kinks, random numbers, sizes; and how it asks the values."""

import random
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compare import Comparison, compare
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.random import keep_mask


def tensor(*values: float) -> tg.Tensor:
    return tg.tensor(np.array(values))


def quick(f: Any, *inputs: Any, **options: Any) -> Comparison:
    return compare(f, *inputs, repeats=1, **options)


def said(found: Comparison, about: str) -> list[str]:
    return [note.text for note in found.notes if note.about == about]


def test_a_smooth_function_gets_no_note() -> None:
    for f in (
        lambda x: tg.exp(tg.sin(x)).sum(),
        lambda x: x.abs() * 1e6,
        lambda x: 1e-9 * x * x,
        lambda x: tg.relu(x) ** 2,
    ):
        assert quick(f, tensor(0.3, -2.0, 1e-3)).notes == ()
        assert quick(f, tg.tensor(np.array([0.3, -2.0, 0.5], np.float32))).notes == ()


# -- branches ----------------------------------------------------------------------------------------------------------


def halves(x: Any) -> Any:
    if x.sum() > 1:
        return x * 2
    return x * x


def test_a_branch_is_named_with_its_place() -> None:
    (text,) = said(quick(halves, tensor(1.0, 2.0)), "branch")
    assert "test_notes.py:" in text
    assert "the derivative is that of the branch taken here" in text
    assert "takes the same one" in text


def test_a_branch_that_changes_nearby_is_said_to() -> None:
    (text,) = said(quick(halves, tensor(0.5, 0.50001)), "branch")
    assert "Within 1e-04 of this point it takes another one." in text or "Within 1e-05 of this point" in text


def test_a_loop_whose_length_depends_on_a_number_is_a_branch() -> None:
    def newton(x: Any) -> Any:
        y = x
        while (y * y - x).abs().item() > 1e-9:
            y = (y + x / y) / 2
        return y

    assert len(said(quick(newton, tg.tensor(np.array(2.0))), "branch")) == 1


def test_looks_at_other_numbers_are_none() -> None:
    known = tensor(1.0)
    assert quick(lambda x: x * 2 if known.item() > 0 else x, tensor(1.0)).notes == ()


# -- kinks -------------------------------------------------------------------------------------------------------------


def test_a_kink_is_found_where_it_is() -> None:
    x = np.linspace(-1.0, 1.0, 40)
    x[17] = 0.0
    (text,) = said(quick(lambda x: 3 * tg.relu(x), tg.tensor(x)), "kink")
    assert text.startswith(
        "Not differentiable here: element [17] of the output against element [17] of the input has the slope 0 to the left and 3 "
        "to the right; the modes say 0"
    )


def test_a_kink_among_several_inputs_and_outputs_is_named_by_both() -> None:
    def f(a: Any, b: Any) -> Any:
        return a.sum(), (b.abs().sum(axis=1), a * 2)

    b = np.ones((3, 2))
    b[2, 0] = 0
    (text,) = said(quick(f, tensor(1.0, 2.0), tg.tensor(b)), "kink")
    assert "element [2] of output 1 against element [2, 0] of input 1 has the slope -1 to the left and 1" in text
    assert "the modes say 0" in text


def test_no_more_than_three_kinks_are_looked_for() -> None:
    texts = said(quick(lambda x: tg.relu(x), tensor(*[0.0] * 9)), "kink")
    assert [f"element [{i}] of the input" in text for i, text in enumerate(texts)] == [True] * 3


def test_a_tie_is_a_kink() -> None:
    assert said(quick(lambda x: x.max(), tensor(1.0, 1.0, 0.0)), "kink")


def test_the_border_of_the_domain_is_one() -> None:
    (text,) = said(quick(lambda x: tg.sqrt(x) * 2, tensor(1.0, 0.0)), "kink")
    assert "element [1] of the output against element [1] of the input" in text


def test_a_jump_is_said_to_be_one() -> None:
    (text,) = said(quick(lambda x: np.where(x.detach() > 0, x + 1, x), tensor(2.0, 0.0)), "kink")
    assert text.startswith("Not continuous here: element [1] of the output jumps as element [1] of the input passes")


def test_what_is_hidden_from_differentiation_disagrees_with_the_values() -> None:
    (text,) = said(quick(lambda x: x * x.detach(), tensor(1.0, 2.0)), "disagreement")
    assert "detach()" in text


def test_an_infinite_derivative_is_said() -> None:
    with np.errstate(divide="ignore"):
        assert said(quick(lambda x: tg.log(x), tensor(0.0, 1.0)), "not finite")


# -- the values as a witness -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "witness"),
    [
        (lambda x: tg.exp(tg.sin(x)) / (1 + x * x), "complex step"),
        (lambda x: (x @ np.ones((3, 2))).sum(), "complex step"),
        (lambda x: x * x.abs(), "central differences"),  # takes complex numbers, but isn't analytic
        (lambda x: x * tg.relu(x), "central differences"),  # refuses them
        (lambda x: (x * np.conj(x)).sum(), "central differences"),
    ],
)
def test_the_complex_step_is_taken_where_it_is_right(f: Any, witness: str) -> None:
    agreement = quick(f, tensor(0.3, -2.0, 0.7)).agreement
    assert agreement.witness == witness
    assert agreement.differences is not None
    assert agreement.differences.relative < (1e-14 if witness == "complex step" else 1e-8)


# -- random numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draw",
    [
        lambda: keep_mask((50,), 0.5, np.dtype(np.float64)),
        lambda: np.random.random(50),  # noqa: NPY002
        lambda: random.random(),
    ],
)
def test_a_seed_makes_a_random_function_one_function(draw: Any) -> None:
    x = tg.tensor(np.linspace(1.0, 2.0, 50))
    with pytest.raises(ConfigError, match=r"function_seed=0"):
        quick(lambda x: x * draw(), x)
    found = quick(lambda x: x * draw(), x, function_seed=3)
    assert found.agreement.jacobians.relative == 0
    assert found.agreement.differences is not None
    assert found.agreement.differences.relative < 1e-12
    assert said(found, "seed") == ["Random numbers are those of seed 3 in every call, and so is the derivative."]


# -- sizes -------------------------------------------------------------------------------------------------------------


def test_a_jacobian_too_large_for_the_memory_names_what_it_needs_and_which_chunk_fits() -> None:
    found = quick(lambda x: (x * x).sum(), tg.tensor(np.ones(1000)), memory=1_000_000)
    (text,) = said(found, "memory")
    chunk = len(found.chunks.columns)
    assert text == (
        "All 1,000 directions of forward mode at once need 32 MB, more than memory=1 MB; chunks of "
        f"{chunk} fit: jacfwd(f, chunk_size={chunk})."
    )
    assert found.counts.forward.of(chunk).peak <= 1_000_000 < found.counts.forward.of(chunk + 1).peak


def test_a_function_too_large_even_for_one_pass_is_said_to_be() -> None:
    found = quick(lambda x: (x * x).sum(), tg.tensor(np.ones(1000)), memory=10_000)
    assert [text.partition(" needs ")[0] for text in said(found, "memory")] == [
        "One pass of forward mode by itself",
        "One pass of reverse mode by itself",
    ]


def test_the_text_shows_the_notes() -> None:
    assert "Note: Not differentiable here: " in str(quick(lambda x: tg.relu(x), tensor(0.0)))
