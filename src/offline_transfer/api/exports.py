"""Offline exports."""

from fastapi import APIRouter

from offline_transfer.api import openapi

router = APIRouter(prefix=f"{openapi.PREFIX}/offline_exports", tags=["offline_exports"])
