"""Addresses with a page as none of ours may be."""

from django.http import HttpResponse
from django.urls import path

PAGE = """<!doctype html>
<title>Inline</title>
<style>p { color: red }</style>
<p style="color: blue" onclick="document.title = 'Clicked'">Text</p>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">
<script>document.title = "Run"</script>
"""

urlpatterns = [path("inline/", lambda request: HttpResponse(PAGE))]
