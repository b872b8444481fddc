from django.http import JsonResponse
from django.urls import path

from .tasks import close_visit, write_letter


def letter(request, pk):
    write_letter.delay(pk)
    return JsonResponse({"visit": pk})


def close(request, pk):
    close_visit.delay(pk)
    return JsonResponse({"visit": pk})


urlpatterns = [path("<int:pk>/letter/", letter), path("<int:pk>/close/", close)]
