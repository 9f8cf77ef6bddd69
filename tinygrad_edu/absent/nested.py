"""`nested`: tensors of rows of different lengths aren't here."""

from tinygrad_edu.absent import refuse

nested_tensor, as_nested_tensor = (
    refuse(
        f"nested.{name}",
        "there are no nested tensors here: pad the rows to one length (nn.utils.rnn.pad_sequence) and mask.",
    )
    for name in ("nested_tensor", "as_nested_tensor")
)
