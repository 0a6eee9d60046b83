"""What every dialect is made with: operations tables, routing, the way of a request, OpenAPI."""
