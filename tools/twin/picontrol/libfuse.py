"""Two questions to libfuse that mfusepy does not pass on: is the request interrupted, is the mount ending?"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import mfusepy

_lib = ctypes.CDLL(mfusepy._libfuse._name)  # own object: changes no prototype that mfusepy relies on
_lib.fuse_get_context.restype = ctypes.POINTER(mfusepy.fuse_context)
_lib.fuse_get_session.argtypes = [ctypes.c_void_p]
_lib.fuse_get_session.restype = ctypes.c_void_p
_lib.fuse_session_exited.argtypes = [ctypes.c_void_p]


def interruption() -> Callable[[], bool]:
    """A question for a request that waits, to be asked in the thread that serves it.

    Without it a killed program could not die: the kernel waits for the answer to a request that the
    server has taken, and until then all handles of that program stay open - the armed one as well.
    """
    session = _lib.fuse_get_session(_lib.fuse_get_context().contents.fuse)

    def interrupted() -> bool:
        return bool(_lib.fuse_interrupted()) or bool(_lib.fuse_session_exited(session))

    return interrupted


def has_max_threads() -> bool:
    """libfuse 3.12 made the number of threads an option (default 10)."""
    return (mfusepy.fuse_version_major, mfusepy.fuse_version_minor) >= (3, 12)
