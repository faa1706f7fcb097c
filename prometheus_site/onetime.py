"""One-time log-in links: made on the server's command line, good for one use and one hour."""

from django.contrib.auth import get_user_model, login
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET


def link_for(user: User) -> str:
    """Return the path of a link that logs the user in once. Any log-in of the user voids it."""
    uid = urlsafe_base64_encode(str(user.pk).encode())
    return reverse("one-time-login", args=[uid, default_token_generator.make_token(user)])


def user_of(uid: str) -> User | None:
    try:
        return get_user_model().objects.filter(pk=int(force_str(urlsafe_base64_decode(uid))), is_active=True).first()
    except ValueError:
        return None


@never_cache
@require_GET
def one_time_login(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    user = user_of(uid)
    if user is None or not default_token_generator.check_token(user, token):
        return render(request, "registration/link_used.html", status=403)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("console:runs")
