from django.urls import path

from daamweb.account import views

app_name = "account"
urlpatterns = [
    path("", views.home, name="home"),
    path("password/", views.password, name="password"),
    path("second-factor/begin/", views.begin, name="begin"),
    path("second-factor/", views.device, name="device"),
    path("second-factor/off/", views.switch_off, name="switch_off"),
    path("recovery-codes/", views.recovery_codes, name="recovery_codes"),
    path("recovery-codes/recovery-codes.txt", views.download, name="download"),
    path("other-sessions/", views.other_sessions, name="other_sessions"),
]
