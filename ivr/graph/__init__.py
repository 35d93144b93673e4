"""A flow as a picture: Mermaid text, and an SVG with a layout of its own."""

from ivr.graph.building import graph_of
from ivr.graph.layout import Layout, lay_out
from ivr.graph.mermaid import mermaid
from ivr.graph.model import Edge, Graph, Mark, Node
from ivr.graph.svg import svg

__all__ = ["Edge", "Graph", "Layout", "Mark", "Node", "graph_of", "lay_out", "mermaid", "svg"]
