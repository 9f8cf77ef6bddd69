"""Writes `jax_results.json`, which `test_jax_results.py` compares with. Needs JAX (0.10 made the file); run by hand:

python -m tests.func.make_jax_results
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
from jax.experimental import jet

from tests.func.jax_programs import CASES, Layer, Library, named

RESULTS = Path(__file__).with_name("jax_results.json")


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    jax.tree_util.register_dataclass(Layer, ["w", "b"], [])
    lib = Library(
        m=jnp,
        array=jnp.asarray,
        linearize=jax.linearize,
        jet=jet.jet,
        jvp=jax.jvp,
        vjp=jax.vjp,
        grad=jax.grad,
        jacfwd=jax.jacfwd,
        jacrev=jax.jacrev,
        vmap=lambda f, in_dims=0: jax.vmap(f, in_axes=in_dims),
    )
    found = {name: dict(named(case(lib))) for name, case in CASES.items()}
    lines = [f"  {json.dumps(name)}: {json.dumps(leaves)}" for name, leaves in found.items()]
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(found)} results of JAX {jax.__version__} in {RESULTS}")


if __name__ == "__main__":
    main()
