"""Metrics for Prometheus: the one room that needs the extra ``twtop[exporter]``."""
