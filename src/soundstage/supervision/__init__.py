"""Processes kept in order: supervisord as a child, XML-RPC to it, guards against orphans."""
