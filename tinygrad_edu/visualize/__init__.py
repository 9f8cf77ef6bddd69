"""Pictures of recorded graphs: `draw(loss, model).save("graph.svg")`."""

from tinygrad_edu.visualize.draw import Drawing, draw
from tinygrad_edu.visualize.layout import LayoutWarning

__all__ = ["Drawing", "LayoutWarning", "draw"]
