"""The one room that imports torch: the autograd oracle and the torch subject. It is imported lazily, at the edge."""
