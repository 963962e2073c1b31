"""The REST API: GitLab's paths, fields, statuses and texts where GitLab has them.

`app` puts it together, `exports` has the routes of offline exports, `requests` describes what clients send, `answers` says what
went wrong, and `server` runs it. Handlers contain no rules: they read the request, call one service and answer with what it gives.
"""
