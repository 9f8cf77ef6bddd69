"""`nested`: tensors of rows of different lengths aren't here."""

from tinygrad_edu.absent import refuse
from tinygrad_edu.names import no_such_name

nested_tensor, as_nested_tensor, nested_tensor_from_jagged, narrow, to_padded_tensor = (
    refuse(
        f"nested.{name}",
        "there are no nested tensors here: pad the rows to one length (nn.utils.rnn.pad_sequence) and mask.",
    )
    for name in ("nested_tensor", "as_nested_tensor", "nested_tensor_from_jagged", "narrow", "to_padded_tensor")
)
__getattr__ = no_such_name(__name__)
