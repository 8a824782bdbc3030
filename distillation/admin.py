"""The rows of the first half in the admin: to read and to search; runs and outputs are made by commands."""

from django.contrib import admin

from distillation.models import Image, Output, TrainingRun
from srstudy.admin import ReadOnlyAdmin


@admin.register(Image)
class ImageAdmin(ReadOnlyAdmin):
    list_display = ["name", "dataset", "width", "height", "created_at"]
    list_filter = ["dataset"]
    search_fields = ["name", "dataset", "sha256"]


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    list_display = ["pk", "method", "profile", "seed", "status", "steps", "seconds", "finished_at"]
    list_filter = ["method", "profile", "status"]
    search_fields = ["method", "folder", "weights_sha256", "data_name"]


@admin.register(Output)
class OutputAdmin(ReadOnlyAdmin):
    list_display = ["image", "method", "run", "psnr_y", "ssim_y", "psnr_rgb", "ssim_rgb", "gmsd", "seconds"]
    list_filter = ["method", "image__dataset", "protocol"]
    list_select_related = ["image", "run"]
    search_fields = ["image__name", "image__dataset", "method", "sha256"]
