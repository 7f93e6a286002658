"""A device that is none: torch tensors in memory that say they lie elsewhere, and refuse what a device refuses.

An operation of theirs with a tensor in memory fails, as on CUDA; so does NumPy where it is handed one. `taken` holds
the bytes that come over. The device is called "meta", which every build of torch knows.
"""

from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = "meta"
PRODUCTS = [torch.ops.aten.mm.default, torch.ops.aten.mv.default, torch.ops.aten.addmm.default]


class Pretended(torch.Tensor):
    """A tensor on the device; `inner` is what it holds, in memory."""

    taken = None
    multiplied = None  # the dtypes of matrices that were multiplied

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=NAME,
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, **_):
        msg = "lies on the device"
        raise BufferError(msg)

    def __array__(self, *_, **__):
        msg = "lies on the device"
        raise TypeError(msg)

    def __getitem__(self, places):
        return super().__getitem__(torch.as_tensor(places) if isinstance(places, list) else places)

    def to(self, *rest, **words):
        return self if rest and str(rest[0]) == NAME else super().to(*rest, **words)

    def cpu(self):
        taken = self.inner.detach().clone()
        if Pretended.taken is not None:
            Pretended.taken.append(taken.nbytes)
        return taken


def _run(function, args, kwargs):
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    there = {id(tensor.inner): tensor for tensor in tensors if isinstance(tensor, Pretended)}
    if any(tensor.is_meta and not isinstance(tensor, Pretended) for tensor in tensors):
        msg = f"{function}: a tensor without numbers, which torch made behind the pretence"
        raise RuntimeError(msg)
    target = None if kwargs.get("device") is None else str(torch.device(kwargs["device"]))
    places = function is torch.ops.aten.index.Tensor  # of elements: a device takes them from memory
    if there and not places and any(not isinstance(tensor, Pretended) and tensor.dim() for tensor in tensors):
        msg = f"{function}: expected all tensors to be on the same device"
        raise RuntimeError(msg)
    if target is not None:
        kwargs = {name: value for name, value in kwargs.items() if name != "device"}
    args, kwargs = tree_map(lambda leaf: leaf.inner if isinstance(leaf, Pretended) else leaf, (args, kwargs))
    if Pretended.multiplied is not None and function in PRODUCTS:
        Pretended.multiplied.update(tensor.dtype for tensor in tensors)
    found = function(*args, **kwargs)
    if target == NAME or (target is None and there):
        return tree_map(lambda leaf: _there(leaf, there), found)
    return found


def _there(leaf, known):
    if not isinstance(leaf, torch.Tensor):
        return leaf
    return known[id(leaf)] if id(leaf) in known else Pretended(leaf)


class _Factories(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


@contextmanager
def pretended(monkeypatch):
    """Let torch put tensors on the device while this lasts; yields the bytes of each array that comes over."""
    plain, move = torch.tensor, torch.Tensor.to

    def tensor(values, *, dtype=None, device="cpu", requires_grad=False):
        return plain(values, dtype=dtype).to(device).requires_grad_(requires_grad)

    def to(self, *rest, **words):
        return Pretended(self.detach().clone()) if rest and str(rest[0]) == NAME else move(self, *rest, **words)

    with monkeypatch.context() as patch, _Factories():
        patch.setattr(torch, "tensor", tensor)
        patch.setattr(torch.Tensor, "to", to)
        patch.setattr(Pretended, "taken", [])
        patch.setattr(Pretended, "multiplied", set())
        yield Pretended.taken


def on_device(answer):
    """Return the same answer, its arrays on the device."""
    return {
        name: values
        if name == "loss"
        else [None if v is None else Pretended(torch.from_numpy(v.copy())) for v in values]
        for name, values in answer.items()
    }
