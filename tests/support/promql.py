"""What PromQL expressions ask for."""

import promql_parser


def selected(expression: str) -> list[tuple[str, set[str]]]:
    """Name and labels chosen by, of all series an expression selects."""
    found: list[tuple[str, set[str]]] = []

    def visit(node: promql_parser.Expr) -> bool:
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            found.append((selector.name, {matcher.name for matcher in selector.matchers.matchers}))
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found
