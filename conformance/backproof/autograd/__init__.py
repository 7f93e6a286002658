"""The one room that imports torch: the autograd oracle and the torch subject. Import it lazily, and only from the edge."""
