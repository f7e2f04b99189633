"""Pictures and the pages that hold them."""
