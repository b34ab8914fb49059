"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from daamweb.door.heads import with_sound_heads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daamweb.settings")
application = with_sound_heads(get_wsgi_application())
len(get_resolver().url_patterns)  # which reads all pages' modules before the first visitor waits for them
