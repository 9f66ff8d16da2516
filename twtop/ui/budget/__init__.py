"""The view of port budgets: what each destination has left, and what changes would do to it."""
