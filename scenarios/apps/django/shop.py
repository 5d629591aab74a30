"""A shop: accounts, a page of one's own, and a cart in the session."""

import json

from django.contrib.auth import get_user_model, views
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.urls import path


class AnyoneWhoKnowsThePassword(ModelBackend):
    def authenticate(self, _request, username=None, password=None):
        if password == "pw":
            return get_user_model().objects.get_or_create(username=username)[0]
        return None


@login_required
def profile(request):
    return HttpResponse(f"Hello {request.user}")


@login_required
def cart(request):
    if request.method == "POST":
        item = json.loads(request.body)["item"]
        request.session["cart"] = [*request.session.get("cart", []), item]
    return JsonResponse({"cart": request.session.get("cart", [])})


urlpatterns = [
    path("healthz", lambda _request: HttpResponse("ok")),
    path("accounts/login/", views.LoginView.as_view()),
    path("accounts/logout/", views.LogoutView.as_view(next_page="/accounts/login/")),
    path("profile/", profile),
    path("cart", cart),
]
