"""What PromQL expressions ask for."""

import promql_parser


def selected(expression: str) -> set[str]:
    """The names of all series an expression selects."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            found.add(node.vector_selector.name)
        if isinstance(node, promql_parser.VectorSelector):
            found.add(node.name)
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found
