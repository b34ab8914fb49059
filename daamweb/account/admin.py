"""Keys and recovery codes are nobody's to look at: what django-otp registers is taken back.

Found after django-otp's own modules, since the app stands behind them in INSTALLED_APPS.
"""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

admin.site.unregister([StaticDevice, TOTPDevice])
