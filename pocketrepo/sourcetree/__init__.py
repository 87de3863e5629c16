"""Source trees that a person never wrote down: a package's code in a notebook cell or in an imported module,
with the little metadata that the code itself states, as a source tree that can be built."""

from pocketrepo.sourcetree.cell import from_cell
from pocketrepo.sourcetree.module import from_module
from pocketrepo.sourcetree.tree import Listed, Release, SourceTree
from pocketrepo.sourcetree.versions import versions_in

__all__ = ["Listed", "Release", "SourceTree", "from_cell", "from_module", "versions_in"]
