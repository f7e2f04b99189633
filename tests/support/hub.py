"""A Hub on this machine."""

from contextlib import contextmanager

import huggingface_hub
from huggingface_hub import constants

from support.loopback import running


def own_caches(patch, folder):
    """What is fetched lies in a folder of the test's own, and no token is known.

    Args:
        patch: `pytest.MonkeyPatch`.
        folder: `pathlib.Path`.
    """
    patch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
    patch.setattr(constants, "HF_TOKEN_PATH", str(folder / "none"))
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    patch.setenv("GENOME_KERAS_CACHE", str(folder / "cache"))
    patch.delenv("HF_TOKEN", raising=False)


@contextmanager
def only_hub(patch, folder):
    """A server that the Hub's library believes to be the only one.

    Args: as `own_caches`.

    Yields:
        `support.loopback.Server`.
    """
    with running() as server:
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr(constants, "ENDPOINT", server.url)
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        own_caches(patch, folder)
        yield server
        huggingface_hub.close_session()
