from celery import shared_task
from django.core.cache import cache
from django.core.mail import send_mail

from .models import Visit


@shared_task
def write_letter(visit_id):
    visit = Visit.objects.get(pk=visit_id)
    send_mail("Your visit", f"See you on {visit.day}.", None, [visit.patient])


@shared_task
def invite_patients():
    for visit in Visit.objects.filter(done=False):
        send_mail("Your visit", f"Please come on {visit.day}.", None, [visit.patient])


@shared_task
def count_visits():
    cache.set("visits", Visit.objects.count())


@shared_task
def close_visit(visit_id):
    Visit.objects.filter(pk=visit_id).update(done=True)
