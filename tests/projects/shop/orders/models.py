"""What is sold, and to whom."""

from django.db import models


class Product(models.Model):
    sku = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)


class Order(models.Model):
    class State(models.TextChoices):
        CART = "cart"
        PLACED = "placed"
        PAID = "paid"
        SHIPPED = "shipped"
        CLOSED = "closed"

    email = models.EmailField()
    language = models.CharField(max_length=5, default="en")
    state = models.CharField(max_length=10, choices=State, default=State.CART)
    payment = models.CharField(max_length=20, default="none")
    exported = models.BooleanField(default=False)
    placed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    @property
    def total(self):
        return sum(line.quantity * line.product.price for line in self.lines.all())


class OrderLine(models.Model):
    order = models.ForeignKey(Order, related_name="lines", on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField(default=1)


class Refund(models.Model):
    order = models.ForeignKey(Order, related_name="refunds", on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    settled = models.BooleanField(default=False)
