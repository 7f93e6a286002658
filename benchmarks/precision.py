"""What a device's products round: the constants of the tolerance model for declared precisions, measured.

    python benchmarks/precision.py                 # float32 products in memory
    python benchmarks/precision.py --device cuda   # and TF32 and bfloat16 on the device

Operands: products of one term, with every digit of float32 drawn; the largest relative error, against the 2 r + r^2
that a rounding r of each operand allows. Accumulation: sums of n products of one sign, of sizes that differ, whose
operands are exact in each precision; the largest error, against n u' / (1 - n u') times the sum. All against float64,
which holds the first exactly and the second to 2^-53 a term. A constant holds where no error is above it; the smallest
that would have held is printed beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from backproof.tolerance import ACCUMULATION, OPERAND_ROUNDING

ROUND = 2.0**-24  # of a result, in float32
WIDTH, DRAWS = 256, 8
TERMS = (16, 64, 256, 1024, 4096, 16384)
EXACT_BITS = 8  # a significand of so many is exact in bfloat16, TF32 and float32
SPREAD = 6  # the terms of a sum differ by so many powers of two, up and down
COLUMNS = ("precision", "operand error", "allows r =", "declared r", "accumulation u'", "declared u'", "at n")


@dataclass(frozen=True, slots=True)
class Row:
    precision: str
    operand: float
    accumulation: float
    terms: int

    @property
    def rounding(self) -> float:
        """The r of each operand that the largest error allows: 2 r + r^2 + u is that error."""
        return float((1 + max(self.operand - ROUND, 0.0)) ** 0.5 - 1)

    @property
    def unit(self) -> float:
        """The declared u' of a sum."""
        return ROUND if self.precision == "full" else ACCUMULATION

    def cells(self) -> list[str]:
        return [
            self.precision,
            f"{self.operand:.3e}",
            f"{self.rounding:.3e}",
            f"{OPERAND_ROUNDING[self.precision]:.3e}",
            f"{self.accumulation:.3e}",
            f"{self.unit:.3e}",
            str(self.terms),
        ]

    def verdicts(self) -> Iterator[str]:
        operands, unit = OPERAND_ROUNDING[self.precision], self.unit
        holds = "holds" if self.operand <= 2 * operands + operands**2 + ROUND else "MISSED"
        yield f"{self.precision}: operands within {operands:.3e}: {holds}, {self.rounding:.3e}"
        holds = "holds" if self.accumulation <= unit else "MISSED"
        yield f"{self.precision}: accumulation within {unit:.3e} a term: {holds}, {self.accumulation:.3e}"


@contextmanager
def products_in(precision: str) -> Iterator[None]:
    """Let torch make its float32 products in a precision while this lasts."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def product(a: torch.Tensor, b: torch.Tensor, precision: str) -> torch.Tensor:
    """Return A B in float64 as a product of this precision gives it: bfloat16 operands are summed in float32."""
    if precision == "bfloat16":
        low = torch.mm(a.to(torch.bfloat16), b.to(torch.bfloat16), out_dtype=torch.float32)
        return low.to(torch.float64)
    with products_in(precision):
        return (a @ b).to(torch.float64)


def measure(precision: str, device: str) -> Row:
    torch.manual_seed(1)
    operand = accumulation = 0.0
    terms = TERMS[0]
    for _ in range(DRAWS):
        a, b = (1 + torch.rand(WIDTH, WIDTH, device=device) for _ in range(2))
        a *= torch.eye(WIDTH, device=device)  # so that each sum has one term that is not zero
        true = a.double() @ b.double()
        operand = max(operand, float(((product(a, b, precision) - true).abs() / true).max()))
        for n in TERMS:
            scale = 2.0 ** (EXACT_BITS - 1)
            left, right = (
                (scale + (scale * torch.rand(shape, device=device)).floor()) / scale for shape in ((64, n), (n, 64))
            )
            left = left * torch.exp2(torch.randint(-SPREAD, SPREAD + 1, left.shape, device=device).float())
            true = left.double() @ right.double()
            error = float(((product(left, right, precision) - true).abs() / true).max())
            unit = error / (n * (1 + error))
            if unit > accumulation:
                accumulation, terms = unit, n
    return Row(precision, operand, accumulation, terms)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    device = parser.parse_args().device
    name = torch.cuda.get_device_name() if device.startswith("cuda") else "cpu"
    print(f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}\n")
    print(f"| {' | '.join(COLUMNS)} |\n| {' | '.join('---' for _ in COLUMNS)} |")
    rows = [measure(precision, device) for precision in OPERAND_ROUNDING if precision == "full" or name != "cpu"]
    for row in rows:
        print(f"| {' | '.join(row.cells())} |")
    print()
    for line in (line for row in rows for line in row.verdicts()):
        print(f"- {line}")
    for precision in OPERAND_ROUNDING:
        if precision not in {row.precision for row in rows}:
            print(f"- {precision}: not measured, which needs --device cuda")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
