"""`hub`: models of others are code and weights made for PyTorch."""

from tinygrad_edu.absent import refuse

_WHY = (
    "a model from the hub is code written for PyTorch's inside. Download its state_dict where PyTorch is, and load that: "
    "load(path) reads PyTorch's files."
)
load, list, help = refuse("hub.load", _WHY), refuse("hub.list", _WHY), refuse("hub.help", _WHY)  # noqa: A001
load_state_dict_from_url, download_url_to_file = (
    refuse(f"hub.{name}", _WHY) for name in ("load_state_dict_from_url", "download_url_to_file")
)
