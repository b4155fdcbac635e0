"""Lets the matrix libraries of the peers use the processor as well as they can. To be called before numpy is imported."""

import os


def prepare(threads: int | None = None) -> None:
    """Sets how many threads they use, and which kernels OpenBLAS takes.

    An OpenBLAS that does not know a processor by name falls back to SSE, at a quarter of the speed or less: the one in
    FAISS's wheel took a Zen 5 for a Barcelona. What the environment says is not asked: it may be set for another end.
    """
    try:
        with open("/proc/cpuinfo") as info:
            flags = next((line for line in info if line.startswith("flags")), "")
    except OSError:
        flags = ""
    for flag, kernels in (("avx512f", "SKYLAKEX"), ("avx2", "HASWELL")):
        if flag in flags.split():
            os.environ["OPENBLAS_CORETYPE"] = kernels
            break
    if threads:
        for library in ("OMP", "OPENBLAS", "MKL"):
            os.environ[f"{library}_NUM_THREADS"] = str(threads)
