"""Sign-in methods: one file each, which the organisation's configuration names ([PERC] requirement 4, ADR 0040).

Settings read these files before Django is ready: nothing here imports models, views or allauth.
"""
