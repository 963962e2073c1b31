"""Offline exports."""

from fastapi import APIRouter

router = APIRouter(prefix="/offline_exports", tags=["offline_exports"])
