"""Compile the kernels of the Triton example for a device that need not be there; prints what each product becomes.

python compile_kernels.py FILE ARCHITECTURE
"""

import importlib.util
import json
import sys

import torch

torch.cuda.is_available = lambda: True  # so that the file leaves Triton's interpreter off

FLOAT, WHOLE = "*fp32", "i32"
SIZES = {"samples": WHOLE, "m": WHOLE, "n": WHOLE, "rate": "fp32"}
KERNELS = [
    *(("_forward", {"f": f, "biased": f % 2 == 0, "block": 32}) for f in range(4)),
    *(("_deltas_below", {"f": f, "strided": f % 2 == 0, "block": 32}) for f in range(4)),
    *(("_gradient_and_step", {"biased": b, "tail": b, "low": not b, "block": 32}) for b in (False, True)),
]


def main(file: str, architecture: str) -> None:
    spec = importlib.util.spec_from_file_location("example", file)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile  # noqa: A004 - Triton's name

    found = []
    for name, chosen in KERNELS:
        kernel = getattr(example, name)
        signature = {arg: "constexpr" if arg in chosen else SIZES.get(arg, FLOAT) for arg in kernel.arg_names}
        constants = {(kernel.arg_names.index(arg),): value for arg, value in chosen.items()}
        made = compile(
            ASTSource(fn=kernel, signature=signature, constexprs=constants),
            target=GPUTarget("cuda", int(architecture), 32),
        )
        text = made.asm["ptx"]
        found.append(
            {"kernel": name, "bytes": len(made.asm["cubin"]), "fused": "fma.rn.f32" in text, "tf32": "tf32" in text}
        )
    print(json.dumps(found))


main(*sys.argv[1:])
