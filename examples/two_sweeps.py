"""One graph, swept both ways: the evaluation trace of f(x₁, x₂) = ln x₁ + x₁x₂ − sin x₂ at (2, 5), as in textbooks.

Each row is a recorded operation with its value, its tangent (forward from x₁) and its adjoint (back from f).
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.engine.sweeps import pull, push


def main() -> None:
    x1 = tg.tensor(np.float64(2.0), requires_grad=True)
    x2 = tg.tensor(np.float64(5.0), requires_grad=True)
    steps = {"x₁": x1, "x₂": x2}
    steps["v₁ = ln x₁"] = tg.log(x1)
    steps["v₂ = x₁ x₂"] = x1 * x2
    steps["v₃ = sin x₂"] = tg.sin(x2)
    steps["v₄ = v₁ + v₂"] = steps["v₁ = ln x₁"] + steps["v₂ = x₁ x₂"]
    steps["v₅ = v₄ − v₃"] = y = steps["v₄ = v₁ + v₂"] - steps["v₃ = sin x₂"]

    v_dot = push([y.node], {x1.node: np.float64(1.0)})
    v_bar = pull([(y.node, np.float64(1.0))], {v.node for v in steps.values()})

    print(f"{'':14}{'value':>9}{'tangent':>9}{'adjoint':>9}")
    for name, v in steps.items():
        print(f"{name:14}{v.item():9.3f}{float(v_dot.get(v.node, 0.0)):9.3f}{float(v_bar[v.node]):9.3f}")
    print(f"{len(ancestors([y.node]))} nodes; one forward sweep gave ∂f/∂x₁, one reverse sweep gave ∂f/∂x₁ and ∂f/∂x₂")


if __name__ == "__main__":
    main()
